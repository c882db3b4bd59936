#!/bin/sh
# Guess: a comm message that a front end addresses to a subshell (JupyterLab 4.6 does so for widgets) is handled by
#   that subshell, also while a cell runs in the main shell.
# Seen (ipykernel 7.4.0, jupyter_client 8.10.0): ipykernel sends it to the shell that last published on the comm. A
#   widget that a cell made waits for every later cell of Run All, although its messages name a free subshell.
# What hlsexplore does: its widgets take that preference off their comms (let_browser_choose_shell).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ipykernel==7.4.0 jupyter_client==8.10.0
cat > "$folder/try.py" <<'PY'
import time
from jupyter_client import KernelManager

manager = KernelManager(kernel_name="python3")
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)


def ask(kind, content):
    message = client.session.msg(kind, content)
    client.control_channel.send(message)
    while True:
        reply = client.control_channel.get_msg(timeout=20)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            return reply["content"]


subshell = ask("create_subshell_request", {})["subshell_id"]
client.execute(
    "import time\nfrom comm import create_comm\n"
    "mine = create_comm(target_name='t', comm_id='c')\n"
    "mine.on_msg(lambda message: mine.send({'answer': 1}))"
)
time.sleep(2)
client.execute("time.sleep(6)\nprint('the cell has ended')")
time.sleep(1)
message = client.session.msg("comm_msg", {"comm_id": "c", "data": {}})
message["header"]["subshell_id"] = subshell
client.shell_channel.send(message)
order = []
while len(order) < 2:
    got = client.iopub_channel.get_msg(timeout=30)
    if got["msg_type"] == "stream":
        order.append("the cell has ended")
    if got["msg_type"] == "comm_msg" and got["content"]["data"].get("answer"):
        order.append("the message was answered")
manager.shutdown_kernel(now=True)
print("; then ".join(order))
PY
seen=$("$folder/venv/bin/python" "$folder/try.py" 2>/dev/null)
echo "$seen"
test "$seen" = "the cell has ended; then the message was answered"

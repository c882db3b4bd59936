"""The body of a module that computes its positions one after another: a held image slides past the arithmetic."""

from hlsexplore.rtl_plan.layer_plan import LayerPlan, Scan
from hlsexplore.rtl_plan.netlist.cells import counter_bits
from hlsexplore_hls.rtl.nets import join, literal, select, vector


def scan_body(plan: LayerPlan, scan: Scan, name: str, core_has_clock: bool) -> list[str]:
    """Write the statements of a scan.

    Cycles: the image is there one cycle after the input; a step takes as long as the core needs; each step's results
    enter the output register.

    Args:
        plan: The layer.
        scan: Its scan.
        name: Identifier of its module; that of the core begins with it.
        core_has_clock: Whether the core has registers.
    """
    total = len(scan.elements) * scan.pixel_bits
    lines = _control(scan)
    lines += _image(scan, total)
    lines += _cores(plan, scan, name, core_has_clock, total)
    return lines + _outputs(plan, scan)


def _control(scan: Scan) -> list[str]:
    """Write the counters of the cycles of a step, of the steps of a row and of all steps."""
    lines = [f"  // {scan.steps} steps of {scan.pace} cycles; a new input may come in the last cycle of the last step"]
    steps = counter_bits(scan.steps)
    zero, one = literal(0, steps), literal(1, steps)
    if scan.pace > 1:
        cycles = counter_bits(scan.pace)
        lines += [
            f"  reg {vector(cycles)}cycle;",
            f"  wire is_step_end = cycle == {literal(scan.pace - 1, cycles)};",
        ]
    else:
        lines.append("  wire is_step_end = 1'b1;")
    lines += [
        f"  reg {vector(steps)}step;",
        "  reg active;",
        f"  wire is_last = step == {literal(scan.steps - 1, steps)};",
        "  always @(posedge clk)",
        "    if (rst) active <= 1'b0;",
        "    else active <= in_valid | (active & ~(is_last & is_step_end));",
        "  always @(posedge clk)",
        f"    if (rst | in_valid) step <= {zero};",
        f"    else if (active & is_step_end) step <= step + {one};",
    ]
    if scan.pace > 1:
        zero, one = literal(0, cycles), literal(1, cycles)
        lines += [
            "  always @(posedge clk)",
            f"    if (rst | in_valid) cycle <= {zero};",
            f"    else if (active) cycle <= is_step_end ? {zero} : cycle + {one};",
            f"  wire start = active & (cycle == {zero});",
        ]
    else:
        lines.append("  wire start = active;")
    if scan.row_steps > 1:
        row = counter_bits(scan.row_steps)
        zero, one = literal(0, row), literal(1, row)
        lines += [
            f"  reg {vector(row)}column;",
            f"  wire is_row_end = column == {literal(scan.row_steps - 1, row)};",
            "  always @(posedge clk)",
            f"    if (rst | in_valid) column <= {zero};",
            f"    else if (active & is_step_end) column <= is_row_end ? {zero} : column + {one};",
        ]
    return lines


def _image(scan: Scan, total: int) -> list[str]:
    """Write the register with the padded image, and how it slides."""
    bits = scan.pixel_bits
    size = (max(scan.elements) + 1) * bits
    pixels = [
        literal(0, bits) if element < 0 else select("in_data", size, element * bits, bits) for element in scan.elements
    ]
    lines = ["", f"  // the image with its padding, {bits} bits a pixel; it slides to the next positions"]
    lines += [f"  wire {vector(total)}padded = {{", ",\n".join(f"    {text}" for text in reversed(pixels)), "  };"]
    lines.append(f"  reg {vector(total)}image;")
    if scan.steps == 1:
        return [*lines, "  always @(posedge clk) if (in_valid) image <= padded;"]
    moved = _slid(total, scan.row_pixels * bits)
    if scan.row_steps > 1:
        moved = f"is_row_end ? {moved} : {_slid(total, scan.step_pixels * bits)}"
    return [
        *lines,
        "  always @(posedge clk)",
        "    if (in_valid) image <= padded;",
        f"    else if (active & is_step_end) image <= {moved};",
    ]


def _slid(total: int, bits: int) -> str:
    if bits >= total:
        return literal(0, total)
    return f"{{{literal(0, bits)}, {select('image', total, bits, total - bits)}}}"


def _cores(plan: LayerPlan, scan: Scan, name: str, has_clock: bool, total: int) -> list[str]:
    """Write an instance of the arithmetic for each position that is computed at once."""
    size = scan.core.output.size * scan.core.output.width
    lines = [""]
    for copy, taps in enumerate(scan.taps):
        pixels = [select("image", total, tap * scan.pixel_bits, scan.pixel_bits) for tap in taps]
        data = f".in_data({join(list(reversed(pixels)))}), .out_data(result{copy})"
        clocked = f".clk(clk), .rst(rst), .in_valid(start), .out_valid(valid{copy}), " if has_clock else ""
        lines += [f"  wire {vector(size)}result{copy};", f"  wire valid{copy};"]
        if not has_clock:
            lines.append(f"  assign valid{copy} = start;")
        lines.append(f"  {name}_core core{copy} ({clocked}{data});")
    return lines


def _outputs(plan: LayerPlan, scan: Scan) -> list[str]:
    """Write the register that collects the results of all steps, and when it is full."""
    size = scan.core.output.size * scan.core.output.width
    total, own = scan.results * scan.copies * size, scan.copies * size
    results = join([f"result{copy}" for copy in reversed(range(scan.copies))])
    entering = results if total == own else f"{{{results}, {select('outputs', total, own, total - own)}}}"
    if scan.is_backward and total > own:
        entering = f"{{{select('outputs', total, 0, total - own)}, {results}}}"
    bits = counter_bits(scan.results)
    zero = literal(0, bits)
    return [
        "",
        f"  // results of all steps, the first one {'highest' if scan.is_backward else 'lowest'}",
        f"  reg {vector(total)}outputs;",
        f"  always @(posedge clk) if (valid0) outputs <= {entering};",
        f"  reg {vector(bits)}collected;",
        "  reg is_full;",
        f"  wire is_filling = collected == {literal(scan.results - 1, bits)};",
        "  always @(posedge clk)",
        f"    if (rst) collected <= {zero};",
        f"    else if (valid0) collected <= is_filling ? {zero} : collected + {literal(1, bits)};",
        "  always @(posedge clk)",
        "    if (rst) is_full <= 1'b0;",
        "    else is_full <= valid0 & is_filling;",
        "  assign out_valid = is_full;",
        "  assign out_data = outputs;",
    ]

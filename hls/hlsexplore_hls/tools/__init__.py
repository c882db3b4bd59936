"""External tools: starting and stopping them, Yosys, the vendors' tools, and what is installed."""

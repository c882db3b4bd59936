"""The panels: each is one class, state in, `.view` out; they know each other only through the state."""

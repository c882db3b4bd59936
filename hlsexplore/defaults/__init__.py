"""Default types of a design: safe for the values that a layer can hold."""

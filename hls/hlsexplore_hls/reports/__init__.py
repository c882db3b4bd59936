"""Readers of the reports that synthesis tools leave; unknown is None, and no file is trusted."""

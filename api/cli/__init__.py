"""The `fasttrack` commands, one module each, imported only when called."""

"""Events as files, and the task that writes them."""

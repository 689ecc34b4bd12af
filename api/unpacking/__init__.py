"""Opens workbooks and ZIP archives in a separate process, with limits on memory and time."""

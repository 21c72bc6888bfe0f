"""Reading what others have made, in a process of its own that cannot harm this one."""

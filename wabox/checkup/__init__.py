"""What `wabox doctor` looks at: the machine, the browser, the data, the running box."""

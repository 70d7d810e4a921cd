"""The demo: wabox and the sandbox as two processes, and a first message between them."""

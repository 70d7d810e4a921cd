"""What may be written where other people use the box: rules, what waits for a person's eye, complaints."""

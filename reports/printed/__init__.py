"""What the page says where printed numbers are all the evidence."""

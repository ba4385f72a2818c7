"""What Omnitron takes: the schemas of the payloads, and the check of records against them."""

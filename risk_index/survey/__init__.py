"""What draws of unequal chance say of all firms, and with what doubt; it knows nothing of records."""

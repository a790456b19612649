"""What was known of each firm on a day: records, snapshot, features, labels."""

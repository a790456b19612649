"""What a region's inspections owe to how completely it reports, on worlds whose truth is known."""

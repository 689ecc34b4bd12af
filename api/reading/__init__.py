"""Files are read in processes of their own: parsing and storing then run on two cores, not on one lock."""

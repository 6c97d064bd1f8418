"""An entity by time data set: reading, keys, names, checks."""

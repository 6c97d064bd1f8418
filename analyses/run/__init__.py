"""Running a study: requests, fits, the store of results, workers."""

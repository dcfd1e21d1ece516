package walk

// affordable returns how many workers the limit on open files has room for.
func affordable() int { return MostWorkers }

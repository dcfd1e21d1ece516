package filter

// nonblock: opening waits for nobody here.
const nonblock = 0

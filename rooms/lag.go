package rooms

// lagStep is how fine lags are kept and recorded, in 1/256 ticks.
const lagStep = 256 / 16

package sample

// FromFestival is fromFestival.
var FromFestival = fromFestival

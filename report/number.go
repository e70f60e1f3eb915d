package report

import "math"

// ratio is a / b rounded half up to four decimals; nil when b is 0. Everything stays an integer
// until the last division, so that a database view that computes it in the same way gets the same
// number to the last bit.
func ratio(a, b int64) any {
	if b == 0 {
		return nil
	}
	return math.Floor(float64(2*a*10_000+b)/float64(2*b)) / 10_000
}

// gini is the Gini coefficient of values in ascending order; nil when they are all 0.
func gini(values []int64) any {
	var sum, weighted int64
	for i, v := range values {
		sum += v
		weighted += int64(i+1) * v
	}
	n := int64(len(values))
	return ratio(2*weighted-(n+1)*sum, n*sum)
}

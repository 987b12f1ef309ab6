// Go's own numbers for what the benches of this package measure: `go run benches/go/*.go`. Each line is the name of a bench, which
// way of it, and the median of nanoseconds for one, with tabs between.
package main

import (
	"fmt"
	"sort"
	"time"
)

const rounds = 7

// measure prints what one of `count` takes; work does so many.
func measure(bench, way string, count int, work func(count int)) {
	work(count)
	figures := make([]float64, rounds)
	for round := range figures {
		began := time.Now()
		work(count)
		figures[round] = float64(time.Since(began).Nanoseconds()) / float64(count)
	}
	sort.Float64s(figures)
	fmt.Printf("%s\t%s\t%.1f\n", bench, way, figures[rounds/2])
}

func main() {
	measure("channels, numbers one way", "buffered", 1000000, oneWay)
	measure("channels, there and back", "unbuffered", 200000, thereAndBack)
	measure("channels, select, one is ready", "2 channels", 500000, selectOf2)
	measure("channels, select, one is ready", "64 channels", 100000, selectOf64)
	measure("locks, mutex, nobody waits", "sync.Mutex", 1000000, nobodyWaits)
}

package main

// oneWay sends numbers through a buffer to another goroutine.
func oneWay(count int) {
	numbers := make(chan int, 1024)
	done := make(chan int)
	go func() {
		sum := 0
		for number := range numbers {
			sum += number
		}
		done <- sum
	}()
	for i := 0; i < count; i++ {
		numbers <- i
	}
	close(numbers)
	if <-done != count*(count-1)/2 {
		panic("numbers were lost")
	}
}

// thereAndBack hands one number at a time to another goroutine, which hands it back.
func thereAndBack(count int) {
	there := make(chan int)
	back := make(chan int)
	go func() {
		for number := range there {
			back <- number
		}
	}()
	for i := 0; i < count; i++ {
		there <- i
		if <-back != i {
			panic("another number came back")
		}
	}
	close(there)
}

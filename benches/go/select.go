package main

// makeChannels makes channels with room for one number each.
func makeChannels(size int) []chan int {
	channels := make([]chan int, size)
	for i := range channels {
		channels[i] = make(chan int, 1)
	}
	return channels
}

// selectOf2 sends to one of two channels in turn, and selects what was sent.
func selectOf2(count int) {
	c := makeChannels(2)
	for i := 0; i < count; i++ {
		c[i%2] <- i
		got := -1
		select {
		case got = <-c[0]:
		case got = <-c[1]:
		}
		if got != i {
			panic("another number was selected")
		}
	}
}

// selectOf64 does the same with 64 channels: how many there are is written out in Go.
func selectOf64(count int) {
	c := makeChannels(64)
	for i := 0; i < count; i++ {
		c[i%64] <- i
		got := -1
		select {
		case got = <-c[0]:
		case got = <-c[1]:
		case got = <-c[2]:
		case got = <-c[3]:
		case got = <-c[4]:
		case got = <-c[5]:
		case got = <-c[6]:
		case got = <-c[7]:
		case got = <-c[8]:
		case got = <-c[9]:
		case got = <-c[10]:
		case got = <-c[11]:
		case got = <-c[12]:
		case got = <-c[13]:
		case got = <-c[14]:
		case got = <-c[15]:
		case got = <-c[16]:
		case got = <-c[17]:
		case got = <-c[18]:
		case got = <-c[19]:
		case got = <-c[20]:
		case got = <-c[21]:
		case got = <-c[22]:
		case got = <-c[23]:
		case got = <-c[24]:
		case got = <-c[25]:
		case got = <-c[26]:
		case got = <-c[27]:
		case got = <-c[28]:
		case got = <-c[29]:
		case got = <-c[30]:
		case got = <-c[31]:
		case got = <-c[32]:
		case got = <-c[33]:
		case got = <-c[34]:
		case got = <-c[35]:
		case got = <-c[36]:
		case got = <-c[37]:
		case got = <-c[38]:
		case got = <-c[39]:
		case got = <-c[40]:
		case got = <-c[41]:
		case got = <-c[42]:
		case got = <-c[43]:
		case got = <-c[44]:
		case got = <-c[45]:
		case got = <-c[46]:
		case got = <-c[47]:
		case got = <-c[48]:
		case got = <-c[49]:
		case got = <-c[50]:
		case got = <-c[51]:
		case got = <-c[52]:
		case got = <-c[53]:
		case got = <-c[54]:
		case got = <-c[55]:
		case got = <-c[56]:
		case got = <-c[57]:
		case got = <-c[58]:
		case got = <-c[59]:
		case got = <-c[60]:
		case got = <-c[61]:
		case got = <-c[62]:
		case got = <-c[63]:
		}
		if got != i {
			panic("another number was selected")
		}
	}
}

package signal

// watch is a subscription to a device's presence, shared by all who asked.
type watch struct {
	listeners map[int]chan bool
	known     bool
	on        bool
}

// Watch subscribes to a device's presence. The channel receives what the
// server knows, at once if it is known already, and then each change; nothing
// if the server has never seen the device. Stop ends it.
func (c *Client) Watch(deviceID string) (status <-chan bool, stop func()) {
	topic := statusTopic(deviceID)
	updates := make(chan bool, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.watches[topic]
	first := w == nil
	if first {
		w = &watch{listeners: make(map[int]chan bool)}
		c.watches[topic] = w
	}
	key := 0
	for w.listeners[key] != nil {
		key++
	}
	w.listeners[key] = updates
	if w.known {
		updates <- w.on
	}
	if first && c.link != nil {
		c.link.subscribe([]string{topic})
	}
	return updates, func() { c.unwatch(topic, key) }
}

func (c *Client) unwatch(topic string, key int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.watches[topic]
	delete(w.listeners, key)
	last := len(w.listeners) == 0
	if last {
		delete(c.watches, topic)
	}
	if last && c.link != nil {
		c.link.unsubscribe(topic)
	}
}

// receiveStatus is for what came by a connection: what one says that another has taken the
// place of is out of date.
func (c *Client) receiveStatus(by *link, topic, status string) {
	on := status == statusOnline
	if !on && status != statusOffline {
		return
	}
	if c.cfg.Role == Device && topic == statusTopic(c.id) {
		if !on {
			// The will of an older connection of ours came late, perhaps before this one is in use.
			by.sayOnline()
		}
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.watches[topic]
	if w == nil || by != c.link {
		return
	}
	w.known, w.on = true, on
	for _, listener := range w.listeners {
		select {
		case <-listener: // what it has not read yet is not so any more
		default:
		}
		listener <- on
	}
}

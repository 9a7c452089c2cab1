package signal

const (
	topicPrefix = "t2p/1/"
	iceTopic    = topicPrefix + "ice"

	statusOnline  = "on"
	statusOffline = "off"
)

// Role says which side of a session an endpoint is on.
type Role byte

const (
	App    Role = 'a'
	Device Role = 'd'
)

// inbox is the topic at which an endpoint receives messages.
func inbox(role Role, id string) string { return topicPrefix + string(role) + "/" + id + "/rx" }

// statusTopic is where a device's presence is retained.
func statusTopic(deviceID string) string {
	return topicPrefix + string(Device) + "/" + deviceID + "/st"
}

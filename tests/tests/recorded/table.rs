//! Why answers differ.

/// Why an answer may differ, and nothing else may be a cause.
pub const CAUSES: [(&str, &str); 9] = [
    ("noise", "recordings of the same question to the same network differ among each other here"),
    ("hidden-group", "the recorder's subscription attaches a security group that the recorded network does not hold"),
    ("real-name", "the answer holds what a name on the Internet stood for that day, or whether it was found"),
    ("measured", "latencies and times, and how many packets or messages were sent"),
    ("dynamic-address", "a public address that Azure gave and the recorded network does not hold"),
    ("settling", "the peering had just been made, and was not in force everywhere"),
    ("other-form", "the answer has the form of another version of the API than the one that was asked"),
    ("dated-list", "a list that Azure changes, in a state that no other source holds"),
    ("not-modelled-yet", "the operation needs a part of Azure that the model does not hold yet"),
];

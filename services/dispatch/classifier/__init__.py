"""Which topic a message is about, learned from labelled messages. Proposes to people; decides nothing."""

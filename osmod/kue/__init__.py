"""Takes jobs out of the queue of Kue, a queue for Node, and tells Kue what became of them."""

"""Side by side: this queue, the stock broker and its peers, driven the same way on the same server."""

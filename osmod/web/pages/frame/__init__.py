"""What all pages stand in: session, layout, fragments that stay live, acts, what is shown in trouble."""

"""The conversations of the Chats, Agents and Widget APIs end to end, and what is stored of them."""

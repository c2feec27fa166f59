"""The demo: a real project on real flights, and the story that is told with it."""

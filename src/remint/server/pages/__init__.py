"""Pages: what a person sees in a browser. A page is a frozen dataclass made from services and rendered by one template."""

"""Start the Transformer Playground: `python app.py`, or as a Hugging Face Space."""

from playground.ui.page import build_page, serve

demo = build_page()

if __name__ == "__main__":
    serve(demo)

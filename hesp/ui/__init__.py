"""The page in the browser: upload, analyse, explore. Only room that imports gradio."""

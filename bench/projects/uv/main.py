from fastapi import FastAPI

app = FastAPI()
print("uv works with", FastAPI.__name__)

from fastapi import FastAPI

app = FastAPI()
print("pdm works with", FastAPI.__name__)

from fastapi import FastAPI

app = FastAPI()
print("poetry works with", FastAPI.__name__)

from fastapi import FastAPI

app = FastAPI()
print("pip works with", FastAPI.__name__)

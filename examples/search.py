"""Describe pictures, and find the one that fits a question: moderation, vision, embeddings and rerank."""

from math import fsum

from dotenv import load_dotenv

from pixigpt import Client

load_dotenv()

pictures = ["https://example.com/a-cat-in-a-hat.png", "https://example.com/a-train-at-night.png"]
question = "Where is the cat?"

with Client() as client:
    verdict = client.moderate_text(question)
    print(f"the question is {verdict.category} ({verdict.score:.2f})")

    captions = [client.analyze_image(url).result for url in pictures]
    wanted, *found = [each.embedding for each in client.create_embedding([question, *captions]).data]
    for caption, vector in zip(captions, found, strict=True):
        closeness = fsum(a * b for a, b in zip(wanted, vector, strict=True))
        print(f"{closeness:5.2f}  {caption}")

    best = client.rerank(question, captions, top_k=1).results[0]
    print("the best is", pictures[best.index])

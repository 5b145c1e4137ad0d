"""How good a model is at something: answers to questions, and the loss on any text."""

from __future__ import annotations

from playground.evaluation.answers import Answered, AnswerSettings, answer_scores, ask
from playground.evaluation.final_numbers import MARK, last_number, number_after
from playground.evaluation.questions import (
    TEMPLATE,
    Question,
    QuestionError,
    QuestionSource,
    read_questions,
)
from playground.evaluation.results import read_answers, read_evaluations, save_answers, save_evaluation
from playground.evaluation.scoring import evaluate_answers, evaluate_text
from playground.evaluation.text_loss import TextLoss, text_loss, tokens_of

__all__ = [
    "MARK", "TEMPLATE", "AnswerSettings", "Answered", "Question", "QuestionError", "QuestionSource",
    "TextLoss", "answer_scores", "ask", "evaluate_answers", "evaluate_text", "last_number", "number_after",
    "read_answers", "read_evaluations", "read_questions", "save_answers", "save_evaluation", "text_loss",
    "tokens_of",
]  # fmt: skip

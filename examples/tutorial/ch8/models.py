"""The tables of the tool shed."""

import os

from sqlalchemy import JSON, ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

engine = create_engine(os.environ.get("DATABASE_URL", "sqlite:///shed.sqlite3"))
db = scoped_session(sessionmaker(engine))


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(JSON)

    def __repr__(self):
        return f"<User {self.name}>"


class Tool(Base):
    __tablename__ = "tools"

    name: Mapped[str] = mapped_column(primary_key=True)


class Loan(Base):
    __tablename__ = "loans"

    id: Mapped[int] = mapped_column(primary_key=True)
    tool: Mapped[str] = mapped_column(ForeignKey("tools.name"), unique=True)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


Base.metadata.create_all(engine)

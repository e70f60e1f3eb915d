package main

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// mongoStore keeps documents in one collection. A save is in the journal of a majority before it is
// answered.
type mongoStore struct{ visits *mongo.Collection }

type mongoDocument struct {
	ID    string   `bson:"_id"`
	Visit Document `bson:"visit"`
}

func openMongo(ctx context.Context, uri string) (Store, error) {
	durable := writeconcern.Majority()
	journal := true
	durable.Journal = &journal
	at, err := connstring.ParseAndValidate(uri)
	if err != nil {
		return nil, err
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri).SetWriteConcern(durable))
	if err != nil {
		return nil, err
	}
	s := &mongoStore{client.Database(at.Database).Collection("textbook_visits")}
	return s, client.Ping(ctx, nil)
}

func (s *mongoStore) Close() error {
	return s.visits.Database().Client().Disconnect(context.Background())
}

func (s *mongoStore) Create(ctx context.Context, d *Document) error {
	_, err := s.visits.InsertOne(ctx, mongoDocument{d.ID, *d})
	if mongo.IsDuplicateKeyError(err) {
		return errConflict
	}
	return err
}

func (s *mongoStore) Get(ctx context.Context, id string) (*Document, error) {
	var d mongoDocument
	err := s.visits.FindOne(ctx, bson.M{"_id": id}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, errNotFound
	}
	return &d.Visit, err
}

func (s *mongoStore) Save(ctx context.Context, d *Document, was int64) error {
	r, err := s.visits.ReplaceOne(ctx, bson.M{"_id": d.ID, "visit.version": was},
		mongoDocument{d.ID, *d})
	if err == nil && r.MatchedCount == 0 {
		return errConflict
	}
	return err
}

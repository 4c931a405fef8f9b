-- Records the ids of new requests for ever: a later import finds its request by key, even when its creation time has changed.
insert into service_request_external_id (city_id, external_id, service_request_id)
select $1, external_id, id from pg_temp.import_batch where not known order by id

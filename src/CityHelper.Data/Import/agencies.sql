-- A category's agency is the most frequent one of its newest requests; on equal counts the smaller id.
update category c
set agency_id = most.agency_id
from category k
cross join lateral (
    select newest.agency_id
    from (
        select r.agency_id
        from service_request r
        where r.city_id = $1 and r.category_id = k.id
        order by r.id desc
        limit $2
    ) newest
    where newest.agency_id is not null
    group by newest.agency_id
    order by count(*) desc, newest.agency_id
    limit 1
) most
where k.city_id = $1 and c.city_id = $1 and c.id = k.id and c.agency_id is distinct from most.agency_id

using CityHelper.Data;
using CityHelper.Data.Cities;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Migrations;
using CityHelper.Data.Partitions;
using CityHelper.IntegrationTests.Postgres;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Storage;

[Collection(PostgresCollection.Name)]
public sealed class CityPartitionTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private NpgsqlDataSource _database = null!;
    private string _connectionString = "";

    public async Task InitializeAsync()
    {
        _connectionString = await postgres.CreateDatabaseAsync();
        _database = CityHelperDatabase.CreateDataSource(_connectionString);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task A_new_city_has_partitions_of_this_year_and_the_next()
    {
        CityAddOutcome outcome = await new CityDirectory(_database, _time).AddAsync(NewYork.Facts);
        Assert.Equal((CityAddStatus.Added, (short)1), (outcome.Status, outcome.CityId));
        Assert.Equal(
            "service_request_1_2026 service_request_1_2027 status_update_1_2026 status_update_1_2027",
            await TextAsync("select string_agg(relname, ' ' order by relname) from pg_class where relispartition and relkind = 'r'"));
    }

    [Fact]
    public async Task The_same_slug_twice_is_said_and_changes_nothing()
    {
        var directory = new CityDirectory(_database, _time);
        await directory.AddAsync(NewYork.Facts);
        CityAddOutcome again = await directory.AddAsync(NewYork.Facts with { Name = "Other" });
        Assert.Equal((CityAddStatus.Exists, (short)1), (again.Status, again.CityId));
        Assert.Equal("New York City", await TextAsync("select string_agg(name, ',') from city"));
    }

    /// <summary>Slugs that would clash with our tables, or with years of another city, if tables were named after them.</summary>
    [Theory]
    [InlineData("count", "delta", "pack")]
    [InlineData("boundary-count", "boundary-month", "external-id")]
    [InlineData("x", "x-2026", "x-2027")]
    public async Task A_slug_collides_with_no_table(params string[] slugs)
    {
        var directory = new CityDirectory(_database, _time);
        foreach (string slug in slugs)
        {
            Assert.Equal(CityAddStatus.Added, (await directory.AddAsync(NewYork.Facts with { Slug = slug })).Status);
        }

        Assert.Equal("12", await TextAsync("select count(*)::text from pg_class where relispartition and relkind = 'r'"));
    }

    [Fact]
    public async Task A_city_is_added_whole_or_not_at_all()
    {
        await TextAsync("create table partitions.status_update_1_2027 (id int)");
        await Assert.ThrowsAsync<PostgresException>(() => new CityDirectory(_database, _time).AddAsync(NewYork.Facts));
        Assert.Equal(
            "0 0", await TextAsync("select (select count(*) from city) || ' ' || (select count(*) from pg_class where relispartition)"));
        await TextAsync("drop table partitions.status_update_1_2027");
        Assert.Equal(CityAddStatus.Added, (await new CityDirectory(_database, _time).AddAsync(NewYork.Facts)).Status);
    }

    /// <summary>The names until 0011_partitions.sql: after the slug, among all other tables.</summary>
    [Fact]
    public async Task Partitions_of_earlier_versions_are_renamed()
    {
        await AddWithOldPartitionAsync();
        const string Names =
            "select string_agg(relnamespace::regnamespace || '.' || relname, ' ' order by relname) from pg_class where relispartition and "
                + "relkind in ('r', 'p')";
        string? names = await TextAsync(Names);
        await TextAsync(
            """
            do $$ declare part record; begin
                for part in select relname from pg_class where relnamespace = 'partitions'::regnamespace and relkind in ('r', 'p') loop
                    execute format('alter table partitions.%I set schema public', part.relname);
                    execute format('alter table public.%I rename to %I', part.relname, regexp_replace(part.relname, '_1(_|$)', '_nyc\1'));
                end loop;
            end $$;
            drop schema partitions;
            delete from schema_version where scriptname = '0011_partitions.sql'
            """);
        Assert.Contains("public.service_request_nyc_2019", await TextAsync(Names), StringComparison.Ordinal);
        await new Migrator(_connectionString).MigrateAsync();
        Assert.Equal(names, await TextAsync(Names));
        Assert.Contains("partitions.status_update_1_2019", names, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cities_that_are_added_at_once_get_ids_of_their_own()
    {
        CityAddOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(n =>
            Task.Run(() => new CityDirectory(_database, _time).AddAsync(NewYork.Facts with { Slug = $"city-{(char)('a' + n)}" }))));
        Assert.Equal([1, 2, 3, 4], outcomes.Select(outcome => (int)outcome.CityId).Order());
    }

    [Fact]
    public async Task Every_index_of_a_parent_is_valid_and_on_every_partition()
    {
        await AddWithOldPartitionAsync();
        // An index of a partitioned table is valid only when every partition has its part of it.
        Assert.Equal("0", await TextAsync("select count(*)::text from pg_index where not indisvalid or not indisready"));
        Assert.Equal("0", await TextAsync(
            """
            select count(*)::text
            from pg_index parent
            join pg_inherits p on p.inhparent = parent.indrelid
            where parent.indrelid in (select oid from pg_class where relkind = 'p' and relname ~ '^(service_request|status_update)')
              and not exists (
                  select from pg_inherits part join pg_index own on own.indexrelid = part.inhrelid
                  where part.inhparent = parent.indexrelid and own.indrelid = p.inhrelid)
            """));
        // No index exists twice.
        Assert.Equal(
            await TextAsync("select count(*)::text from pg_index where indrelid = 'service_request'::regclass"),
            await TextAsync("select count(*)::text from pg_index where indrelid = 'partitions.service_request_1_2019'::regclass"));
    }

    [Fact]
    public async Task A_partition_has_its_parents_columns_and_keys()
    {
        await AddWithOldPartitionAsync();
        Assert.Equal("0", await TextAsync(
            """
            select count(*)::text from (
                (select attname, atttypid, atttypmod, attnotnull, attgenerated from pg_attribute
                 where attrelid = 'service_request'::regclass and attnum > 0)
                except
                (select attname, atttypid, atttypmod, attnotnull, attgenerated from pg_attribute
                 where attrelid = 'partitions.service_request_1_2019'::regclass)
            ) different
            """));
        Assert.Equal("agency category", await TextAsync(
            "select string_agg(confrelid::regclass::text, ' ' order by 1) from pg_constraint where conrelid = "
                + "'partitions.service_request_1_2019'::regclass and contype = 'f'"));
        Assert.Equal("partitions.service_request_1_2019", await TextAsync(
            "select string_agg(confrelid::regclass::text, ' ') from pg_constraint where conrelid = "
                + "'partitions.status_update_1_2019'::regclass and contype = 'f'"));
    }

    [Fact]
    public async Task Two_processes_may_make_the_same_partitions_at_once()
    {
        await new CityDirectory(_database, _time).AddAsync(NewYork.Facts);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            new CityPartitions(_database, _time).EnsureYearsAsync(1, Enumerable.Range(2010, 5)))));
        Assert.Equal("14", await TextAsync("select count(*)::text from pg_class where relispartition and relkind = 'r'"));
    }

    /// <summary>A reader in the middle of its transaction blocks every AccessExclusive lock, and all requests queued behind it.</summary>
    [Fact]
    public async Task A_new_partition_does_not_wait_for_the_citys_readers()
    {
        await new CityDirectory(_database, _time).AddAsync(NewYork.Facts);
        await using NpgsqlConnection reader = await _database.OpenConnectionAsync();
        await using NpgsqlTransaction reading = await reader.BeginTransactionAsync();
        await using var query = new NpgsqlCommand(
            "select count(*) from service_request r left join status_update u on u.city_id = r.city_id and u.service_request_id = r.id",
            reader);
        await query.ExecuteScalarAsync();

        await using NpgsqlDataSource impatient = CityHelperDatabase.CreateDataSource(
            new NpgsqlConnectionStringBuilder(_connectionString) { Options = "-c lock_timeout=3s" }.ConnectionString);
        await new CityPartitions(impatient, _time).EnsureYearsAsync(1, [2012]);
        Assert.Equal("true", await TextAsync("select (to_regclass('partitions.status_update_1_2012') is not null)::text"));
    }

    [Fact]
    public async Task An_absurd_year_is_refused() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => new CityPartitions(_database, _time).EnsureYearsAsync(1, [1899]));

    [Fact]
    public async Task Deleting_a_request_deletes_its_updates()
    {
        await new CityDirectory(_database, _time).AddAsync(NewYork.Facts);
        Assert.Equal("0", await TextAsync(
            """
            insert into category (city_id, id, code, name) values (1, 1, 'a', 'A');
            insert into service_request (city_id, id, category_id, status, created_at, updated_at)
            select 1, id_floor('2026-05-01'), 1, 'OPEN', '2026-05-01', '2026-05-01';
            insert into status_update (city_id, service_request_id, id, status, created_at)
            select 1, id_floor('2026-05-01'), id_floor('2026-05-02'), 'CLOSED', '2026-05-02';
            delete from service_request;
            select count(*)::text from status_update
            """));
    }

    private async Task AddWithOldPartitionAsync()
    {
        await new CityDirectory(_database, _time).AddAsync(NewYork.Facts);
        await new CityPartitions(_database, _time).EnsureYearsAsync(1, [2019]);
    }

    private async Task<string?> TextAsync(string sql)
    {
        await using NpgsqlCommand command = _database.CreateCommand(sql);
        return await command.ExecuteScalarAsync() as string;
    }
}

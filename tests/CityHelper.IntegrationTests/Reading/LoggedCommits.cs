using CityHelper.Engine;
using CityHelper.Engine.Cursors;
using CityHelper.IntegrationTests.Serving;
using Npgsql;

namespace CityHelper.IntegrationTests.Reading;

/// <summary>Commits of the first request, as another service makes them. Not awaited: they may run while a server sends a batch.</summary>
internal static class LoggedCommits
{
    /// <summary>Changes the request's title, announces it, and numbers the event.</summary>
    public static void Commit(this NpgsqlDataSource database, string title)
    {
        database.Execute(
            $"""
            update service_request set title = '{title}'
            where city_id = {RequestRows.City} and id = {GlobalId.Parse(ReadingFixture.Id(1))!.Row};
            select announce_change({RequestRows.City}::smallint)
            """);
        database.Execute($"select number_changes({RequestRows.City}::smallint)");
    }

    /// <summary>The newest position of the city in the log.</summary>
    public static LogPosition Head(this NpgsqlDataSource database)
    {
        using NpgsqlCommand command = database.CreateCommand(
            $"select (select max(epoch) from change_epoch), max(n) from change where city_id = {RequestRows.City}");
        using NpgsqlDataReader reader = command.ExecuteReader();
        reader.Read();
        return new LogPosition(reader.GetInt32(0), reader.GetInt64(1));
    }

    /// <summary>Executes a statement.</summary>
    public static void Execute(this NpgsqlDataSource database, string sql)
    {
        using NpgsqlCommand command = database.CreateCommand(sql);
        command.ExecuteNonQuery();
    }
}

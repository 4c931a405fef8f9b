using System.CommandLine;
using CityHelper.Data.Migrations;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper schema database</c></summary>
public static class SchemaDatabaseCommand
{
    public static Command Create(CommandHost host)
    {
        var command = new Command("database", "Prints the database's schema without its partitions, as checked in as schema/database.sql.");
        command.SetAction((_, cancellation) => host.RunAsync(() => RunAsync(host, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, CancellationToken cancellation)
    {
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        await host.Output.WriteAsync(await SchemaDescription.ReadAsync(dataSource, cancellation));
        return 0;
    }
}

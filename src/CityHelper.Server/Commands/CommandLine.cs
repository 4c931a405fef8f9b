using System.CommandLine;

namespace CityHelper.Server.Commands;

/// <summary>The commands of <c>cityhelper</c>.</summary>
public static class CommandLine
{
    /// <returns>0 on success, 1 when the command failed, 2 when the command line is wrong.</returns>
    public static async Task<int> RunAsync(string[] args, CommandHost? host = null)
    {
        host ??= CommandHost.FromEnvironment();
        ParseResult parsed = Build(host).Parse(args);
        int code = await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = host.Output,
            Error = host.Error,

            // By itself the library ends the process two seconds after SIGTERM, whatever the command still does.
            ProcessTerminationTimeout = Limits.TerminationTime,
        });
        return parsed.Errors.Count > 0 ? 2 : code;
    }

    public static RootCommand Build(CommandHost? host = null)
    {
        host ??= CommandHost.FromEnvironment();
        return new RootCommand("CityHelper: service requests (311) of many cities over GraphQL.")
        {
            ServeCommand.Create(host),
            MigrateCommand.Create(host),
            new Command("city", "Cities of the platform.") { CityAddCommand.Create(host) },
            ImportCommand.Create(host),
            ImportBoundariesCommand.Create(host),
            new Command("statistics", "The counters that statistics are read from.")
            {
                StatisticsRebuildCommand.Create(host),
                StatisticsCompareCommand.Create(host),
            },
            new Command("log", "The change log of a city.")
            {
                LogTailCommand.Create(host),
                LogHeadCommand.Create(host),
                LogCompareCommand.Create(host),
                LogRefeedCommand.Create(host),
                LogRaiseEpochCommand.Create(host),
            },
            new Command("cache", "The answers that servers keep.")
            {
                CacheExplainCommand.Create(host),
                CachePurgeCommand.Create(host),
            },
            new Command("schema", "The schemas, as files under review.")
            {
                SchemaExportCommand.Create(host),
                SchemaDatabaseCommand.Create(host),
                SchemaEventsCommand.Create(host),
                SchemaDiffCommand.Create(host),
            },
            new Command("operations", "Persisted operations.")
            {
                OperationsBuildCommand.Create(host),
                OperationsCheckCommand.Create(host),
                OperationsPublishCommand.Create(host),
                OperationsListCommand.Create(host),
            },
        };
    }
}

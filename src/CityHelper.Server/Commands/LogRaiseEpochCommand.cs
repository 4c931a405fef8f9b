using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log raise-epoch --reason "restored from the backup of Monday"</c></summary>
public static class LogRaiseEpochCommand
{
    private static readonly Option<string> Reason = new("--reason")
    {
        Description = "Why, for those who read the events.",
        Required = true,
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command(
            "raise-epoch",
            "Begins an epoch in the logs of all cities. Needed after the database was restored to an earlier state, if no server was there "
                + "to notice: numbers may then be given twice. Caches drop everything, and subscribers read anew.")
        {
            Reason,
        };
        command.SetAction((parsed, cancellation) => host.RunAsync(() => RunAsync(host, parsed.GetValue(Reason)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, string reason, CancellationToken cancellation)
    {
        if (reason.Length is 0 or > Data.Limits.NameCharsMax)
        {
            throw new CommandException($"A reason has 1 to {Data.Limits.NameCharsMax} characters.");
        }

        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        var log = new ChangeLog(dataSource);
        int known = (await log.HeadsAsync(cancellation))[0].Epoch;
        int epoch = await log.RaiseEpochAsync(known, reason, witness: null, cancellation);
        await host.Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Epoch {epoch} has begun; it was {known}."));
        return 0;
    }
}

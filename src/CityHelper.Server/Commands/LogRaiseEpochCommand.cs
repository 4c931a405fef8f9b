using System.CommandLine;
using System.Globalization;
using CityHelper.Data.Changes;
using Npgsql;
using static CityHelper.Server.Commands.CommonOptions;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper log raise-epoch --reason "restored from the backup of Monday"</c></summary>
public static class LogRaiseEpochCommand
{
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
        CheckReason(reason);
        await using NpgsqlDataSource dataSource = await host.OpenDatabaseAsync(cancellation);
        var log = new ChangeLog(dataSource);
        int known = (await log.HeadsAsync(cancellation))[0].Epoch;
        int epoch = await log.RaiseEpochAsync(known, reason, witness: null, cancellation);
        await host.Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Epoch {epoch} has begun; it was {known}."));
        return 0;
    }
}
